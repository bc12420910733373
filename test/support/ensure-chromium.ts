import { ensureProgram } from './ensure-program.ts';

/** The path of a Chromium or Chrome, which is installed if it has to be. */
export function ensureChromium(): string {
  return ensureProgram({
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    aptPackage: 'chromium',
    need: 'Chromium or Google Chrome',
    ways: ['apt-get install chromium', 'brew install --cask chromium'],
  });
}
