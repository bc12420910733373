import { render } from 'preact';
import { createClient } from '@connectrpc/connect';
import { AuthService } from '../gen/web/auth/v1/auth_service_pb.js';
import { App } from './app.tsx';
import { createCalls } from './calls/calls.ts';
import { lostAnswers } from './calls/lost-answers.ts';
import { createRecentLogin } from './calls/recent-login.ts';
import { PageContext } from './page.ts';
import { keepFocus } from './parts/keep-focus.ts';
import { createPreferences } from './preferences.ts';
import { createRouter } from './routing.ts';
import { createAcceptLanguage } from './session/accept-language.ts';
import { createAccessToken, createKeepTokens } from './session/access-token.ts';
import { keepIn } from './session/key-database.ts';
import { createKeyStore } from './session/key-store.ts';
import { createProofs } from './session/proofs.ts';
import { createSession } from './session/session.ts';
import { createTabs } from './session/tabs.ts';
import { createTransport } from './session/transports.ts';
import { createTurns } from './session/turns.ts';
import './styles/styles.css';

// The composition root of the page: the one place where things are made.

// First of all: it takes the token of a link out of the address.
const router = createRouter(window);
const preferences = createPreferences({
  storage: () => localStorage,
  languages: navigator.languages,
  root: document.documentElement,
});

const carried = {
  origin: location.origin,
  acceptLanguage: createAcceptLanguage(preferences.language.get),
  proofs: createProofs(createKeyStore(keepIn(indexedDB))),
};
const session = createSession({
  auth: createClient(AuthService, createTransport(carried, [])),
  tabs: createTabs(new BroadcastChannel('session')),
  inTurn: createTurns(navigator.locks),
  now: () => performance.now(),
});
const recentLogin = createRecentLogin(session);
const calls = createCalls(
  createTransport(carried, [
    recentLogin.interceptor,
    createAccessToken(session),
    createKeepTokens(session),
    lostAnswers,
  ]),
);

const root = document.getElementById('page');
if (!root) throw new Error('index.html has no place for the page.');
const page = { calls, session, recentLogin, router, preferences };
keepFocus(root);
render(
  <PageContext.Provider value={page}>
    <App />
  </PageContext.Provider>,
  root,
);
void session.start();
