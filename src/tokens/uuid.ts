const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID (RFC 9562, section 4), in either case: callers may write it as they like. */
export const isUuid = (text: string): boolean => UUID.test(text);

/** Whether a UUID is spelled as we write them, in lower case: for one whose very text goes into a hash. */
export const isCanonicalUuid = (text: string): boolean => isUuid(text) && text === text.toLowerCase();

/** The 16 bytes of a UUID. */
export const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

/** The text of a UUID, of its 16 bytes. */
export const uuidText = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
