import type { CommittedRevocation } from './auth-functions.ts';
import type { CallFunction } from './call-function.ts';
import { committedRevocation } from './committed-revocation.ts';
import type { RevocationRow } from './committed-revocation.ts';
import type { JsonObject } from './accounts-functions.ts';
import { oneRow } from './one-row.ts';

/** What a person tells about himself; null: nothing. */
export type StoredProfile = {
  readonly displayName: string | null;
  readonly bio: string | null;
  readonly country: string | null;
  readonly language: string | null;
  readonly data: JsonObject;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** The fields that change; null clears one. */
export type ProfileChanges = {
  readonly display_name?: string | null;
  readonly bio?: string | null;
  readonly country?: string | null;
  readonly language?: string | null;
  readonly data?: JsonObject;
};

/** What the person himself is shown. */
export type OwnProfile = { readonly profile: StoredProfile; readonly hasPassword: boolean };

type ProfileRow = {
  display_name: string | null;
  bio: string | null;
  country: string | null;
  language: string | null;
  data: JsonObject;
  created_at: Date;
  updated_at: Date;
};

export type ProfileFunctions = ReturnType<typeof createProfileFunctions>;

/** Profiles, and the end of an account. What each function does is said in sql/functions/accounts. */
export function createProfileFunctions(call: CallFunction) {
  return {
    async getProfile(userId: string): Promise<OwnProfile> {
      type Row = ProfileRow & { has_password: boolean };
      const row = oneRow(await call<Row>('accounts.get_profile', [userId]));
      return { profile: toProfile(row), hasPassword: row.has_password };
    },

    async updateProfile(userId: string, changes: ProfileChanges): Promise<StoredProfile> {
      return toProfile(oneRow(await call<ProfileRow>('accounts.update_profile', [userId, JSON.stringify(changes)])));
    },

    /** `language`: of the request, for the notice to the owner. */
    async deactivateAccount(input: {
      userId: string;
      language: string;
    }): Promise<CommittedRevocation & { ended: number }> {
      type Row = RevocationRow & { ended: number };
      const row = oneRow(await call<Row>('accounts.deactivate_account', [input.userId, input.language]));
      return { ended: row.ended, ...committedRevocation(row) };
    },
  };
}

function toProfile(row: ProfileRow): StoredProfile {
  return {
    displayName: row.display_name,
    bio: row.bio,
    country: row.country,
    language: row.language,
    data: row.data,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
