/** The names of the commands beside the filter. */
export const commandNames: readonly string[] = [
  'train',
  'evaluate',
  'explain',
  'stats',
  'users',
  'purge',
  'export',
];
