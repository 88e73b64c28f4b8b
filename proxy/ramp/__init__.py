"""The ramp: statistical gates and the steps of a gradual flip. Pure: time, samples and verdicts come in as
arguments."""
