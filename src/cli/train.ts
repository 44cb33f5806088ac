export const trainCommand: any = {command:'train',describe:'',handler:()=>{}};
