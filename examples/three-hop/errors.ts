// The error codes of the three systems, as their proto files declare them.

import { defineError } from "errchain";

export const rangeNotConfigured = defineError({
  system: "ROUTE",
  module: "DISPATCH",
  code: 20003,
  reason: "RANGE_NOT_CONFIGURED",
  status: "FAILED_PRECONDITION",
  message: "no delivery range is configured for {address}, product {product}",
  visibility: "PUBLIC",
  retry: "DO_NOT_RETRY",
  privateArgs: ["warehouse_id"],
  help: "https://docs.example.com/errors/ROUTE_DISPATCH_20003",
});

export const noDeliveryTime = defineError({
  system: "PROMISE",
  module: "ETA",
  code: 10002,
  reason: "NO_DELIVERY_TIME",
  status: "FAILED_PRECONDITION",
  message: "there is no delivery time for {product}",
  visibility: "PARTNER",
  retry: "DO_NOT_RETRY",
});

export const cannotBePromised = defineError({
  system: "WMS",
  module: "ORDER",
  code: 10001,
  reason: "CANNOT_BE_PROMISED",
  status: "FAILED_PRECONDITION",
  message: "order {order} cannot be promised",
  visibility: "PUBLIC",
});
