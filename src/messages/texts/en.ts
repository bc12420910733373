import type { LanguageTexts } from './texts.ts';

/** Text messages: one segment (160 characters of GSM 03.38) with a product name of up to 60 characters. */
export const EN: LanguageTexts = {
  linkLife: 'The link works once and is valid for {{lifetime}}, until {{end}}.',
  copyLink: 'If the button does not work, copy this address into your browser:',
  codeLife:
    'The code works once and is valid for {{lifetime}}, until {{end}}. Do not share it with anyone: our staff never ask for it.',
  footer: 'This message was sent to {{recipient}} by {{product}}. Replies are not read.',
  templates: {
    registration: {
      subject: 'Confirm your e-mail address',
      heading: 'Confirm your e-mail address',
      paragraphs: ['Someone (hopefully you) started registering with {{product}} using this e-mail address.'],
      action: { link: 'Continue registration', code: 'Your code to continue registration:' },
      notYou: 'If it was not you, do nothing: no account will be created.',
      short:
        '{{#code}}{{code}} is your {{product}} registration code, valid for {{lifetime}}. Do not share it with anyone.{{/code}}{{^code}}Register with {{product}}: {{link}}{{/code}}',
    },
    registration_taken: {
      subject: 'You already have an account',
      heading: 'You already have an account',
      paragraphs: [
        'Someone (hopefully you) tried to register with {{product}} using this e-mail address, but there is already an account with it.',
        "You can log in to that account. If you do not remember your password, choose 'Forgot password' on the login page.",
      ],
      action: null,
      notYou: 'If it was not you, do nothing: nothing has changed.',
      short: '{{product}}: you already have an account, log in to it. If it was not you, do nothing.',
    },
    code_login: {
      subject: 'Your login code',
      heading: 'Your login code',
      paragraphs: ['Someone (hopefully you) is trying to log in to {{product}}.'],
      action: { link: 'Log in', code: 'Your login code:' },
      notYou: 'If it was not you, do nothing: without the code this login cannot be completed.',
      short: '{{code}} is your {{product}} login code, valid for {{lifetime}}. Do not share it with anyone.',
    },
    contact_confirmation: {
      subject: 'Confirm that this is your address',
      heading: 'Confirm that this is your address',
      paragraphs: ['Someone (hopefully you) wants to add {{recipient}} to their {{product}} account.'],
      action: { link: 'Confirm the address', code: 'Your code to confirm the address:' },
      notYou: 'If it was not you, do nothing: the address will not be added to that account.',
      short:
        '{{#code}}{{code}} is your {{product}} confirmation code, valid for {{lifetime}}. Do not share it with anyone.{{/code}}{{^code}}Confirm this contact for {{product}}: {{link}}{{/code}}',
    },
    password_reset: {
      subject: 'Set a new password',
      heading: 'Set a new password',
      paragraphs: ['Someone (hopefully you) asked to reset the password of your {{product}} account.'],
      action: { link: 'Set a new password', code: 'Your code to set a new password:' },
      notYou: 'If it was not you, do nothing: your password stays as it is.',
      short:
        '{{#code}}{{code}} is your {{product}} password reset code, valid for {{lifetime}}. Do not share it with anyone.{{/code}}{{^code}}Set a new {{product}} password: {{link}}{{/code}}',
    },
    // It does not name the organisation: a name that a stranger has chosen is a text that he has chosen.
    invitation: {
      subject: 'You are invited to join an organisation',
      heading: 'You are invited to join an organisation',
      paragraphs: [
        'A head of an organisation on {{product}} invites you to join it, and offers you roles there.',
        'If you have an account with {{recipient}}, log in to it to accept. If you have none, the link opens one.',
      ],
      action: { link: 'View the invitation', code: 'Your code to accept the invitation:' },
      notYou: 'If you do not know who may have invited you, do nothing: without you nobody joins.',
      short: 'You are invited to join an organisation on {{product}}{{#link}}: {{link}}{{/link}}',
    },
    // For a first password, a change and a reset alike. They end different sessions, so nothing is said of devices.
    password_changed: {
      subject: 'Your account has a new password',
      heading: 'Your account has a new password',
      paragraphs: ['A new password was set for your {{product}} account at {{time}}.'],
      action: null,
      notYou:
        "If it was not you, someone else has access to your account: choose 'Forgot password' on the login page, set a new password, and contact our support.",
      short: '{{product}}: your account has a new password. If it was not you, reset it and contact our support.',
    },
    account_deactivated: {
      subject: 'Your account was deactivated',
      heading: 'Your account was deactivated',
      paragraphs: [
        'Your {{product}} account was deactivated at {{time}}. All devices have been logged out, and nobody can log in to it.',
      ],
      action: null,
      notYou: 'If it was not you, or if you want the account back, contact our support.',
      short: '{{product}}: your account was deactivated. If it was not you, contact our support.',
    },
    contact_changed: {
      subject: 'The contacts of your account were changed',
      heading: 'The contacts of your account were changed',
      paragraphs: [
        'A contact of your {{product}} account, such as an e-mail address, a phone number or a login name, was added, replaced or removed at {{time}}.',
      ],
      action: null,
      notYou:
        'If it was not you, someone else has access to your account: set a new password, check your contacts, and contact our support.',
      short: '{{product}}: your contacts were changed. If it was not you, set a new password and contact our support.',
    },
  },
};
