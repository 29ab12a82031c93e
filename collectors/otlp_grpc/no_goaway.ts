import http2, { type Http2Server } from "node:http2";

/**
 * Runs `create` so that HTTP/2 servers made within it never send GOAWAY.
 *
 * Under Deno 2.9.6 a server session that sends one, which it does whenever a client says that it
 * leaves, corrupts its memory once it has served about a hundred calls: the process aborts within
 * moments. grpc-js has no setting for it and makes its servers itself. Without GOAWAY a connection
 * is closed all the same; a call that a client begins at that very moment fails as UNAVAILABLE, and
 * clients try those again.
 *
 * @param onSessionError told when a connection does not speak HTTP/2, or breaks; grpc-js does not say
 */
export async function withoutGoaway<T>(
  create: () => Promise<T>,
  onSessionError: (error: Error) => void,
): Promise<T> {
  const createServer = http2.createServer;
  const silent = (...args: Parameters<typeof createServer>): Http2Server => {
    const server = createServer(...args);
    server.on("session", (session) => {
      session.goaway = () => {};
    });
    server.on("sessionError", onSessionError);
    return server;
  };
  Reflect.set(http2, "createServer", silent);
  try {
    return await create();
  } finally {
    Reflect.set(http2, "createServer", createServer);
  }
}
