// The clock of the device can be moved. performance.now() and timers stand still meanwhile, as they
// do while a computer sleeps.
window.lab = {skew: Number(new URLSearchParams(location.search).get("skew") ?? 0)};
{
  const Real = Date;
  window.Date = class extends Real {
    constructor(...args) {
      if (args.length === 0) super(Real.now() + lab.skew);
      else super(...args);
    }
    static now() {
      return Real.now() + lab.skew;
    }
  };
}
