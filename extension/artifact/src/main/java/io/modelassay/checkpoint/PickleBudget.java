package io.modelassay.checkpoint;

/**
 * How much a file's pickles may ask for. Every opcode costs one step, every dimension of a tensor one more, and every
 * name that a tensor gets ten. A step makes objects of about 100 bytes at most, so that the whole stays below about
 * 400 MB whatever the file says.
 */
final class PickleBudget {

    /** A tensor takes about 60 steps: enough for 65,000 tensors in one file. */
    static final long MOST_STEPS = 4_000_000;

    private long left = MOST_STEPS;

    void spend(PickleInput input, long steps, long at) {
        left -= steps;
        if (left < 0) {
            throw input.problem(
                            CheckpointProblem.PICKLE_TOO_LARGE,
                            "The pickle has more than " + MOST_STEPS
                                    + " steps; one that only names tensors takes about 60 for each",
                            at)
                    .next("save the state dict alone: torch.save(model.state_dict(), path)");
        }
    }
}
