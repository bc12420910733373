import { connect } from 'node:http2';
import { drive } from './drive.ts';
import { createFrameReader, toFrame } from './grpc-frames.ts';
import { grpcHeaders } from './grpc-headers.ts';
import { summarise } from './summarise.ts';

/** Asks on streams that stay open, and looks at the beginning of each answer. */
export type StreamQuestions = {
  readonly port: number;
  readonly path: string;
  /** Each on a connection of its own. */
  readonly streams: number;
  /** Questions without an answer on one stream; more at once are not asked. */
  readonly window: number;
  readonly questions: readonly Uint8Array[];
  /** The first byte of a good answer: the tag of its first field. */
  readonly firstByte: number;
};

type Stream = {
  /** Asks as many as there is room for. */
  readonly fill: () => void;
  readonly isIdle: () => boolean;
};

drive<StreamQuestions>(async ({ port, path, streams: count, window, questions, firstByte }) => {
  const failed = Promise.withResolvers<never>();
  // Told to the next round at the latest.
  failed.promise.catch(() => undefined);
  const ring = createRing(questions, window);

  let isAsking = false;
  let took: number[] = [];
  let onIdle = () => {};
  const streams = Array.from({ length: count }, (_, index) => openStream(Math.floor((index * ring.length) / count)));

  function openStream(offset: number): Stream {
    const call = connect(`http://127.0.0.1:${port}`).on('error', failed.reject).request(grpcHeaders(path));
    const askedAt = new Float64Array(window);
    let asked = 0;
    let answered = 0;

    function fill(): void {
      const free = window - (asked - answered);
      const now = performance.now();
      for (let index = 0; index < free; index++) askedAt[(asked + index) % window] = now;
      call.write(ring.take(offset + asked, free));
      asked += free;
    }
    const read = createFrameReader((bytes, start) => {
      if (bytes[start] !== firstByte) failed.reject(new Error(`${path} gave another answer than it should.`));
      took.push(performance.now() - (askedAt[answered % window] ?? Number.NaN));
      answered += 1;
      if (answered > asked) failed.reject(new Error(`${path} answered more than it was asked.`));
    });
    call.on('data', (chunk: Buffer) => {
      const messages = read(chunk);
      // Several questions in one write, as a gateway under load has them.
      if (messages > 0 && isAsking && asked - answered <= window / 2) fill();
      if (!isAsking && asked === answered) onIdle();
    });
    const end = (headers: Readonly<Record<string, unknown>>) =>
      failed.reject(new Error(`${path} ended: ${String(headers['grpc-status'])} ${String(headers['grpc-message'])}`));
    call.on('trailers', end);
    call.on('error', failed.reject);
    return { fill, isIdle: () => asked === answered };
  }

  return async (milliseconds) => {
    took = [];
    const begunAt = performance.now();
    const cpu = process.cpuUsage();
    isAsking = true;
    for (const stream of streams) stream.fill();
    const time = Promise.withResolvers<void>();
    const timer = setTimeout(time.resolve, milliseconds);
    await Promise.race([time.promise, failed.promise]).finally(() => clearTimeout(timer));
    const perSecond = (took.length / (performance.now() - begunAt)) * 1000;

    isAsking = false;
    const idle = Promise.withResolvers<void>();
    onIdle = () => {
      if (streams.every((stream) => stream.isIdle())) idle.resolve();
    };
    onIdle();
    await Promise.race([idle.promise, failed.promise]);
    return summarise({ took, perSecond, begunAt, cpu });
  };
});

/** All questions as frames in one piece of memory: any number of them in a row is a part of it, and nothing is copied. */
function createRing(questions: readonly Uint8Array[], longestRun: number) {
  const { length } = questions;
  const frames = Array.from({ length: length + longestRun }, (_, index) =>
    toFrame(questions[index % length] ?? new Uint8Array()),
  );
  const starts = [0];
  for (const frame of frames) starts.push((starts.at(-1) ?? 0) + frame.length);
  const bytes = Buffer.concat(frames);
  return {
    length,
    take: (from: number, count: number) => bytes.subarray(starts[from % length], starts[(from % length) + count]),
  };
}
