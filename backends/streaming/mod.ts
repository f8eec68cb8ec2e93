/**
 * Streaming: backends that send values to another process, a thread, or a page, and what receives them there. `frame.ts` has the
 * format and the protocol, for those who write the other end themselves.
 *
 * @module
 */

export * from "../message_port.ts";
export * from "../websocket.ts";
export type { StreamedBatch, StreamedItem } from "./batch.ts";
export type { BatchOptions } from "./batch_draft.ts";
export * from "./connected_backend.ts";
export * from "./connection.ts";
export { encodeFrame, type Frame, type FrameKind } from "./frame.ts";
export { decodeFrame, FrameReader, type FrameReaderOptions } from "./frame_reader.ts";
export * from "./receive_port.ts";
export * from "./receive_web_socket.ts";
export { StreamReceiver, type StreamReceiverOptions } from "./receiver.ts";
export type { StreamHandler } from "./receiver_session.ts";
export type { SenderOptions } from "./sender_options.ts";
