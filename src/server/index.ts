export { createServerInterceptor, type ServerInterceptorOptions } from "./interceptor.js";
