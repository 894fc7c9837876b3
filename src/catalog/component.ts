import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { component } from "../../gen/errchain/v1/catalog_pb.js";
import { isIdentifier } from "./code-form.js";
import { readOption } from "./read-option.js";

/** Which system, and which part of it. */
export interface Component {
  /** `"ROUTE"`. Form: `[A-Z][A-Z0-9]{0,31}`. */
  readonly system: string;
  /** `"DISPATCH"`. Form as `system`; empty where the system has no modules. */
  readonly module: string;
}

const components = new WeakMap<DescService, Component>();

/**
 * The component that a service belongs to: what its `(errchain.v1.component)`
 * option says, else the last part of its proto package that is no version, in
 * upper case: `acme.promise.v1.EtaService` gives `PROMISE`.
 */
export function componentOf(service: DescService): Component {
  let found = components.get(service);
  if (found === undefined) {
    found = declaredComponent(service) ?? { system: systemOfPackage(service), module: "" };
    components.set(service, found);
  }
  return found;
}

function declaredComponent(service: DescService): Component | undefined {
  const { system = "", module = "" } = readOption(service, component) ?? {};
  return isIdentifier(system) ? { system, module: isIdentifier(module) ? module : "" } : undefined;
}

function systemOfPackage(service: DescService): string {
  const parts = service.file.proto.package.split(".").filter((part) => !VERSION.test(part));
  // A service without a package goes by its own name.
  const name = (parts.at(-1) || service.name).toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
  return (/^[A-Z]/.test(name) ? name : `X${name}`).slice(0, 32);
}

/** A version in the name of a package: `v1`, `v1beta2`, `v1p1alpha1`, see AIP-185. */
const VERSION = /^v\d+(p\d+)?((alpha|beta|test)\w*)?$/;

/** A component as somebody configured it. Throws a TypeError if it is malformed. */
export function checkComponent(configured: {
  readonly system?: string;
  readonly module?: string;
}): Component {
  const { system = "", module = "" } = configured;
  if (!isIdentifier(system) || (module !== "" && !isIdentifier(module))) {
    throw new TypeError(
      `system ${JSON.stringify(system)} and module ${JSON.stringify(module)} must have ` +
        "the form [A-Z][A-Z0-9]{0,31}; only the module may be empty",
    );
  }
  return { system, module };
}

const procedures = new WeakMap<DescMethod, string>();

/** The procedure as it stands in a cause: `route.v1.RouteService/FindRange`. */
export function procedureOf(method: DescMethod): string {
  let procedure = procedures.get(method);
  if (procedure === undefined) {
    procedure = `${method.parent.typeName}/${method.name}`;
    procedures.set(method, procedure);
  }
  return procedure;
}
