package io.modelassay.matrix.result;

import io.modelassay.matrix.result.TestResult.Outcome;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A test, or one variant of one, that ended otherwise than with the baseline.
 *
 * @param id the test's id
 * @param name class, method and what tells variants apart
 * @param kind what changed
 * @param before how it ended with the baseline; {@code null} where the baseline has no such test
 * @param after how it ended here; {@code null} where there is no such test here
 * @param messageBefore why it did not pass with the baseline; may be empty
 * @param message why it did not pass here; may be empty
 * @param worse whether it is a regression
 */
@API(status = API.Status.EXPERIMENTAL)
public record TestChange(
        String id,
        String name,
        Kind kind,
        @Nullable Outcome before,
        @Nullable Outcome after,
        String messageBefore,
        String message,
        boolean worse) {
    /** What can change. */
    public enum Kind {
        /** It fails here and did not with the baseline: worse. */
        NEWLY_FAILING,
        /** It passes here and failed with the baseline. */
        NEWLY_PASSING,
        /** It fails in both, here with another throwable or another first line, figures left out. */
        FAILING_OTHERWISE,
        /** The JVM ended while it ran or before: worse unless it failed with the baseline. */
        NOT_REACHED,
        /** The baseline did not reach it. */
        NOT_REACHED_BEFORE,
        /** It is skipped or aborted here, which is the suite's own decision. */
        NO_LONGER_RUN,
        /** It was skipped or aborted with the baseline and passes here. */
        NOW_RUN,
        /** The baseline has no such test. */
        ONLY_HERE,
        /** There is no such test here: worse if it passed with the baseline. */
        ONLY_BEFORE
    }
}
