/** Where the daemon listens in the examples, by protocol, and where everything of ours looks for it unless somebody says otherwise. */
export const usualSockets = {
  socket: '/run/tamis/tamis.sock',
  spamd: '/run/tamis/spamd.sock',
  lmtp: '/run/tamis/lmtp',
} as const;
