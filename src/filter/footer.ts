export const footerEdits: any = undefined;
