import { z } from 'zod';

/**
 * A service that may call: how it proves itself, what it may call and for whom it may speak. It proves itself with a
 * client certificate that carries one of `sans`, or with the secret whose SHA-256 is `secretSha256`.
 */
export const serviceCaller = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be a lower-case name'),
    secretSha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits: printf %s "$SECRET" | sha256sum')
      .optional(),
    sans: z.array(z.string().min(1)).optional(),
    methods: z.array(z.string().min(1)).default(['*']),
    interfaces: z.array(z.string().min(1)).default([]),
  })
  .refine((caller) => caller.secretSha256 ?? caller.sans?.length, 'needs secretSha256 or sans');

export type ServiceCaller = z.infer<typeof serviceCaller>;
