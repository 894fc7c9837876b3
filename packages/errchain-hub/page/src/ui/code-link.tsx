import type { CodeRef } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { useUrl } from "../url/location.ts";
import { codePath } from "../url/screens.ts";

/** A full code that leads to its own screen. */
export function CodeLink({ code, step = false }: { code: CodeRef | undefined; step?: boolean }) {
  const url = useUrl();
  const fullCode = code?.fullCode ?? "";
  return (
    <a class={step ? "code step" : "code"} href={codePath(fullCode, url)}>
      {fullCode}
    </a>
  );
}
