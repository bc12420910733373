/** A message as gRPC sends it: a byte that says "not compressed", its length, itself. */
export function toFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEADER + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEADER);
  return frame;
}

export const HEADER = 5;

/** Takes messages out of the bytes of a stream, wherever they were cut. @returns how many were complete */
export function createFrameReader(onMessage: (bytes: Buffer, start: number, end: number) => void) {
  let rest: Buffer | null = null;
  return function read(chunk: Buffer): number {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
    let messages = 0;
    let start = HEADER;
    while (start <= bytes.length) {
      const end = start + bytes.readUInt32BE(start - HEADER + 1);
      if (end > bytes.length) break;
      onMessage(bytes, start, end);
      messages += 1;
      start = end + HEADER;
    }
    rest = start - HEADER < bytes.length ? bytes.subarray(start - HEADER) : null;
    return messages;
  };
}
