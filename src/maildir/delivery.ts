export const MaildirDelivery: any = undefined;
