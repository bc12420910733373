/** `results` of BatchValidateTokensResponse, and `principal` of TokenResult. */
const RESULTS = 0x0a;
const PRINCIPAL = 0x0a;

/** How many of the results of a BatchValidateTokensResponse are principals; read by hand, as decoding would cost more. */
export function countPrincipals(response: Uint8Array): number {
  let principals = 0;
  let position = 0;
  // Results come first.
  while (response[position] === RESULTS) {
    let length = 0;
    for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
      byte = response[(position += 1)] ?? 0;
      length |= (byte & 0x7f) << shift;
    }
    position += 1;
    if (length > 0 && response[position] === PRINCIPAL) principals += 1;
    position += length;
  }
  return principals;
}
