export {
  type CauseBody,
  type ErrorBody,
  type ErrorResponseOptions,
  errorResponse,
  type HttpErrorResponse,
  type ProblemBody,
  problemDetails,
} from "./error-response.js";
