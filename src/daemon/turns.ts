/** Work for one user after another of the same name: what one user asks takes no more of the daemon than one message does. */
export class Turns {
  private readonly last = new Map<string, Promise<void>>();

  /** Does work once all that was asked before under this name is done. */
  async take<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.last.get(name);
    let done = (): void => undefined;
    const own = new Promise<void>((resolve) => (done = resolve));
    this.last.set(name, own);
    try {
      await before;
      return await work();
    } finally {
      done();
      if (this.last.get(name) === own) this.last.delete(name);
    }
  }
}
