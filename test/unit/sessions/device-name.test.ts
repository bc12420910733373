import { describe, expect, it } from 'vitest';
import { deviceName } from '../../../src/sessions/device-name.ts';

const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const BLINK = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0';

describe('The name of a device', () => {
  it.each([
    ['Chrome on Android', `Mozilla/5.0 (Linux; Android 14; Pixel 8) ${BLINK} Mobile Safari/537.36`],
    [
      'Samsung Internet on Android',
      `Mozilla/5.0 (Linux; Android 13; SM-S901B) ${BLINK} SamsungBrowser/25.0 Mobile Safari/537.36`,
    ],
    [
      'Safari on iPhone',
      `Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) ${WEBKIT} Version/17.5 Mobile/15E148 Safari/604.1`,
    ],
    [
      'Safari on iPad',
      `Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) ${WEBKIT} Version/16.6 Mobile/15E148 Safari/604.1`,
    ],
    ['Safari on macOS', `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/17.5 Safari/605.1.15`],
    ['Edge on Windows', `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${BLINK} Safari/537.36 Edg/126.0.0.0`],
    ['Firefox on Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0'],
    ['Android', 'Dalvik/2.1.0 (Linux; U; Android 13)'],
    ['Googlebot', 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'],
    ['gRPC on Node.js', 'grpc-node-js/1.14.4'],
    ['gRPC on Node.js', 'orders/2.1 grpc-node-js/1.14.4'],
    ['grpcurl', 'grpcurl/1.9.1 grpc-go/1.61.0'],
    ['gRPC on Python', 'grpc-python/1.62.0 grpc-c/39.0.0 (linux; chttp2)'],
    ['gRPC on Java', 'grpc-java-okhttp/1.63.0'],
    ['gRPC on Go', 'grpc-go/1.61.0'],
    ['gRPC on C', 'grpc-c++/1.62.0 grpc-c/39.0.0 (linux; chttp2)'],
  ])('is %s', (name, userAgent) => {
    expect(deviceName(userAgent)).toBe(name);
  });

  it.each(['', ' ', 'okhttp/4.12.0', 'curl/8.1', 'foo bar', '/', '((((', '\u0000', 'Заказы/1.0'])(
    'is empty for %j',
    (userAgent) => {
      expect(deviceName(userAgent)).toBe('');
    },
  );

  it.each([
    ['', 'Your bank (call 555)/1 x'],
    ['', 'Your bank/1.0 CFNetwork/1490 Darwin/23'],
    ['Safari', 'Safari on your own device/1.0 CFNetwork/1490'],
    ['Chrome', '<b>Chrome</b>/1 (x)'],
  ])('has no word of the caller: %j for %j', (name, userAgent) => {
    expect(deviceName(userAgent)).toBe(name);
  });
});

describe('A hostile user agent of 512 characters', () => {
  const PIECES = [
    ...['1', '11111111', '1.', '_', '.1', '1_', '(', ')', ';', ' ', '/', '-', 'a', '[', '\t', 'version/', 'Chrome/'],
    ...[
      'os ',
      'Android ',
      'like Mac OS X',
      'cpu iphone os ',
      'Mac OS X ',
      'Windows ',
      'NT ',
      'tizen ',
      'opr/',
      'msie ',
    ],
    ...['rv:', 'Nexus ', 'Macintosh', ' FxiOS', 'slackbot-', 'opt/', 'bb1', 'blackberry1/', 'silk/', 'grpc-', 'edg/'],
  ];
  const filled = (...parts: string[]) => parts.join('').repeat(512).slice(0, 512);
  const agents = PIECES.flatMap((first) =>
    PIECES.flatMap((second) => [filled(first, second), (first + filled(second)).slice(0, 511) + '!']),
  );

  it('is read as fast as any other: 2888 of them, made of what the patterns look for', () => {
    // With a pattern that takes exponential time the first one would never end, and the test's patience would.
    for (const agent of agents) expect(deviceName(agent).length).toBeLessThan(60);
    expect(agents).toHaveLength(2 * PIECES.length ** 2);
  });
});
