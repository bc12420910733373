import type { enRoles } from './en-roles.ts';

export const ruRoles: typeof enRoles = {
  customer: 'Клиент',
  driver: 'Водитель',
  courier: 'Курьер',
  executor_head: 'Руководитель исполнителей',
  firm_head: 'Руководитель фирмы',
  support: 'Поддержка',
  manager: 'Менеджер',
  superadmin: 'Суперадминистратор',
  guest: 'Гость',
};
