export const evaluateCommand: any = {command:'evaluate',describe:'',handler:()=>{}};
