import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { grpcurlLines, runLine } from './grpcurl-lines.ts';

/** What a reader of docs/journeys.md takes from the answers. */
const IN_ANSWERS = {
  HANDLE: /"handle": "([^"]+)"/,
  ACCESS_TOKEN: /"accessToken": "([^"]+)"/,
  CONTACT_ID: /"contactId": "([^"]+)"/,
  // The last one of a list: the first is the one that asks.
  SESSION_ID: /^[^]*"sessionId": "([^"]+)"/,
  ORGANISATION_ID: /"organisationId": "([^"]+)"/,
};
/** And what from the messages. */
const IN_MESSAGES = { LINK_TOKEN: /#token=([A-Za-z0-9_-]+)/, CODE: /\b(\d{6})\b/ };

/** The messages so far, by the names of their files. */
async function messages(): Promise<Map<string, string>> {
  const names = await readdir(inject('messages')).catch(() => []);
  const read = (name: string) => readFile(path.join(inject('messages'), name), 'utf8');
  return new Map(await Promise.all(names.map(async (name) => [name, await read(name)] as const)));
}

/** A message that was not there before and has a link or a code: notices of what was done before may come in between. */
async function newMessage(before: ReadonlyMap<string, string>): Promise<string> {
  const find = async () =>
    [...(await messages())].find(
      ([name, text]) => !before.has(name) && Object.values(IN_MESSAGES).some((pattern) => pattern.test(text)),
    )?.[1];
  await expect.poll(find, { timeout: 10_000 }).toBeDefined();
  return (await find()) ?? '';
}

describe('The journeys', () => {
  it('are lines that work, one after the other, with the real grpcurl and what the messages say', async () => {
    const lines = await grpcurlLines('docs/journeys.md');
    expect(lines.length).toBeGreaterThan(15);
    const variables: Record<string, string> = {};
    const take = (patterns: Record<string, RegExp>, text: string) => {
      for (const [name, pattern] of Object.entries(patterns)) {
        const [, found] = pattern.exec(text) ?? [];
        if (found) variables[name] = found;
      }
    };
    const answers: string[] = [];
    for (const line of lines) {
      const before = await messages();
      const { code, stdout, stderr } = await runLine(line, variables);
      expect(`${line}\n${stderr}`).toBe(`${line}\n`);
      expect(code).toBe(0);
      take(IN_ANSWERS, stdout);
      if (line.endsWith('/StartGuestSession')) variables['GUEST_TOKEN'] = variables['ACCESS_TOKEN'] ?? '';
      if (line.endsWith('/ListUsers')) take({ USER_ID: /"userId": "([^"]+)"/ }, stdout);
      if (line.includes('"login":"root"')) variables['ADMIN_TOKEN'] = variables['ACCESS_TOKEN'] ?? '';
      if (line.endsWith('/CreateOrganisation')) variables['HEAD_TOKEN'] = variables['ACCESS_TOKEN'] ?? '';
      if (/\/(Start(?!GuestSession)\w+|InviteMember)$/.test(line)) {
        take(IN_MESSAGES, await newMessage(before));
      }
      answers.push(`${line.split('/').at(-1)} ${stdout}`);
    }
    const answerOf = (method: string) => answers.filter((answer) => answer.startsWith(`${method} `)).at(-1);
    expect(answers).toContainEqual(expect.stringMatching(/^CheckRegistration [^]*"maria@example\.com"/));
    expect(answerOf('CheckRegistration')).toContain('"isInvitation": true');
    expect(answerOf('CheckRegistration')).toContain('"organisationName": "Rapid Couriers"');
    expect(answerOf('ListSessions')).toMatch(/"Firefox[^]*"203\.0\.113\.8"[^]*"current": true[^]*"203\.0\.113\.7"/);
    // One of before was ended by itself; the phone's is among the others.
    expect(answerOf('EndOtherSessions')).toMatch(/"endedSessions": [1-9]/);
    expect(answerOf('FinishCodeLogin')).toContain('"created": true');
    expect(answerOf('ListContacts')).toContain('+79992223344');
    expect(answerOf('ListContacts')).toContain('+79992223355');
    expect(answerOf('GetProfile')).toContain('Grows tomatoes.');
    const guest = /"userId": "([^"]+)"/.exec(answerOf('StartGuestSession') ?? '')?.[1];
    expect(answers).toContainEqual(expect.stringMatching(`^Register [^]*"userId": "${guest}"`));
    expect(answerOf('FinishRegistration')).toContain('"driver"');
    expect(answerOf('AcceptInvitation')).toContain('"courier"');
    expect(answerOf('ListMembers')).toMatch(/"driver"[^]*"courier"|"courier"[^]*"driver"/);
    expect(answerOf('DeactivateAccount')).toContain('"endedSessions"');
    expect(answerOf('ListAssignableRoles')).toContain('"superadmin"');
    expect(answerOf('GrantRole')).toContain('"granted": true');
    expect(answerOf('RevokeRole')).toContain('"revoked": true');
    expect(answerOf('GetUser')).toContain('"oleg@example.com"');
    expect(answerOf('DeactivateUser')).toContain('"USER_STATE_DEACTIVATED"');
    expect(answerOf('ReactivateUser')).toContain('"USER_STATE_ACTIVE"');
    expect(answerOf('ListAuditEvents')).toMatch(
      /"user\.reactivated"[^]*"account\.deactivated"[^]*"role\.revoked"[^]*"role\.granted"/,
    );
  });
});
