// What is used of jstat, which comes without types.
declare const jstat: {
  readonly studentt: {
    /** The value that Student's t with `degrees` degrees of freedom exceeds with probability 1 − p. */
    inv(p: number, degrees: number): number;
    /** The probability that it is at most `t`. */
    cdf(t: number, degrees: number): number;
  };
};
export default jstat;
