import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { ProbeService, UndeclaredService } from "../../test/gen/probe/v1/probe_pb.js";
import { checkComponent, componentOf, procedureOf } from "./component.js";

test("componentOf reads the option of the service", () => {
  expect(componentOf(ProbeService)).toEqual({ system: "PROBE", module: "ALPHA" });
});

test.each([
  ["promise.v1", "PROMISE"],
  ["acme.promise.v1beta2", "PROMISE"],
  ["acme.promise.v1p1alpha1", "PROMISE"],
  ["v2x.v1", "V2X"],
  ["acme.order_intake", "ORDERINTAKE"],
  ["promise", "PROMISE"],
  ["", "SERVICE"],
  ["v1", "SERVICE"],
  ["acme._9lives", "X9LIVES"],
  [`acme.${"a".repeat(40)}`, "A".repeat(32)],
])("componentOf takes the system from the package %j", (protoPackage, system) => {
  const file = create(FileDescriptorProtoSchema, {
    name: "s.proto",
    package: protoPackage,
    syntax: "proto3",
    service: [{ name: "Service" }],
  });
  const name = protoPackage === "" ? "Service" : `${protoPackage}.Service`;
  const service = createFileRegistry(file, () => undefined).getService(name);
  expect(service && componentOf(service)).toEqual({ system, module: "" });
});

test("componentOf takes a service without options", () => {
  expect(componentOf(UndeclaredService)).toEqual({ system: "PROBE", module: "" });
});

test("checkComponent says what is wrong", () => {
  expect(checkComponent({ system: "A" })).toEqual({ system: "A", module: "" });
  expect(() => checkComponent({ system: "route" })).toThrow(/system "route" and module ""/);
  expect(() => checkComponent({ module: "ETA" })).toThrow(TypeError);
  expect(() => checkComponent({ system: "A", module: "b" })).toThrow(/module "b"/);
});

test("procedureOf is the name as it stands in a path", () => {
  expect(procedureOf(ProbeService.method.serverStream)).toBe("probe.v1.ProbeService/ServerStream");
});
