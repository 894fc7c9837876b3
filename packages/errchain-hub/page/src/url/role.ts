import { Role } from "../../../gen/errchain/hub/v1/hub_pb.js";

/** The roles as addresses write them. */
const ROLES = { root: Role.ROOT, surfaced: Role.SURFACED, any: Role.ANY } as const;

export type RoleName = keyof typeof ROLES;

export const ROLE_LABELS: Record<RoleName, { readonly label: string; readonly hint: string }> = {
  root: { label: "Root", hint: "The first fault of each trace: which system broke" },
  surfaced: { label: "Surfaced", hint: "The outermost hop of each trace: what users saw" },
  any: { label: "Any hop", hint: "Every failed hop" },
};

/** Reads `role=surfaced`. What is not one of the allowed roles counts as the default. */
export function roleName(params: URLSearchParams, fallback: RoleName = "root"): RoleName {
  const name = params.get("role") ?? "";
  return isRoleName(name) ? name : fallback;
}

export function isRoleName(name: string): name is RoleName {
  return Object.hasOwn(ROLES, name);
}

export function roleOf(name: RoleName): Role {
  return ROLES[name];
}
