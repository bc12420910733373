/** How every gRPC call begins. */
export function grpcHeaders(path: string) {
  return { ':method': 'POST', ':path': path, 'content-type': 'application/grpc+proto', te: 'trailers' };
}
