import type { LanguageTexts } from './texts.ts';

/** Text messages: one segment (160 characters of GSM 03.38) with a product name of up to 60 characters. */
export const EN: LanguageTexts = {
  linkLife: 'The link works once, for {{lifetime}} from {{time}}.',
  copyLink: 'If the button does not work, copy this address into your browser:',
  codeLife: 'The code works once, for {{lifetime}} from {{time}}. Tell it to nobody: we never ask for it.',
  footer: 'This message was sent to {{recipient}} by {{product}}. Nobody reads replies to it.',
  templates: {
    registration: {
      subject: 'Confirm your e-mail address',
      heading: 'Confirm your e-mail address',
      paragraphs: ['Somebody, we hope you, has begun to register with {{product}} with this e-mail address.'],
      action: { link: 'Go on with the registration', code: 'Your code to go on with the registration:' },
      notYou: 'If it was not you, do nothing: there will be no account, and the address is not kept.',
      short:
        '{{#code}}{{code}} is your code to register with {{product}}.{{/code}}{{^code}}Register with {{product}}: {{link}}{{/code}}',
    },
    registration_taken: {
      subject: 'You have an account already',
      heading: 'You have an account already',
      paragraphs: [
        'Somebody, we hope you, wanted to register with {{product}} with this e-mail address. There is an account with it already.',
        'You can log in with it. If you do not know your password any more, ask for a new one where you log in.',
      ],
      action: null,
      notYou: 'If it was not you, do nothing: nothing has changed.',
      short: '{{product}}: you have an account already, log in with it. If you did not try to register, do nothing.',
    },
    code_login: {
      subject: 'Your code to log in',
      heading: 'Your code to log in',
      paragraphs: ['Somebody, we hope you, wants to log in to {{product}}.'],
      action: { link: 'Log in', code: 'Your code to log in:' },
      notYou: 'If it was not you, do nothing and tell the code to nobody: without it nobody gets in.',
      short: '{{code}} is your code to log in to {{product}}, for {{lifetime}}. Tell it to nobody.',
    },
    contact_confirmation: {
      subject: 'Confirm that this is your address',
      heading: 'Confirm that this is your address',
      paragraphs: ['Somebody, we hope you, has added {{recipient}} to an account of {{product}}.'],
      action: { link: 'Confirm the address', code: 'Your code to confirm the address:' },
      notYou: 'If it was not you, do nothing: it will not be used for that account.',
      short:
        '{{#code}}{{code}} confirms this contact for {{product}}, for {{lifetime}}. Not you? Tell it to nobody.{{/code}}{{^code}}Confirm this contact for {{product}}: {{link}}{{/code}}',
    },
    password_reset: {
      subject: 'Set a new password',
      heading: 'Set a new password',
      paragraphs: ['Somebody, we hope you, has forgotten the password of your account of {{product}}.'],
      action: { link: 'Set a new password', code: 'Your code to set a new password:' },
      notYou: 'If it was not you, do nothing: your password stays as it is.',
      short:
        '{{#code}}{{code}} is your code for a new password of {{product}}, for {{lifetime}}. Tell it to nobody.{{/code}}{{^code}}New password for {{product}}: {{link}}{{/code}}',
    },
    password_changed: {
      subject: 'Your password was changed',
      heading: 'Your password was changed',
      paragraphs: [
        'The password of your account of {{product}} was changed on {{time}}. Other devices have been logged out.',
      ],
      action: null,
      notYou:
        'If it was not you, somebody else has got into your account: say that you forgot the password where you log in, set a new one, and tell our support.',
      short: '{{product}}: your password was changed. If it was not you, set a new one and tell our support.',
    },
    account_deactivated: {
      subject: 'Your account was deactivated',
      heading: 'Your account was deactivated',
      paragraphs: [
        'Your account of {{product}} was deactivated on {{time}}. All devices have been logged out, and nobody can log in.',
      ],
      action: null,
      notYou: 'If it was not you, or you want the account back, tell our support.',
      short: '{{product}}: your account was deactivated. If it was not you, tell our support.',
    },
    contact_changed: {
      subject: 'The contacts of your account were changed',
      heading: 'The contacts of your account were changed',
      paragraphs: [
        'An e-mail address, a phone number or a login name of your account of {{product}} was added, changed or removed on {{time}}.',
      ],
      action: null,
      notYou:
        'If it was not you, somebody else has got into your account: set a new password, look at your contacts, and tell our support.',
      short: '{{product}}: your contacts were changed. If it was not you, set a new password and tell our support.',
    },
  },
};
