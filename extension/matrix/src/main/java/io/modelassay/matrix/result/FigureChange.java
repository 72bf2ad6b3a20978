package io.modelassay.matrix.result;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A figure that moved beyond its noise, or that cannot be compared.
 *
 * @param model name of the model, its quantization included
 * @param text name of the text; empty for a check
 * @param figure name of the figure
 * @param unit its unit; may be empty
 * @param kind what changed
 * @param before the baseline's value; {@code null} where it is absent, NaN or infinite
 * @param after the value here; {@code null} likewise
 * @param noise by how much it may differ, in the figure's unit; {@code null} where nothing was compared
 * @param note why it cannot be compared, or what else there is to know; may be empty
 */
@API(status = API.Status.EXPERIMENTAL)
public record FigureChange(
        String model,
        String text,
        String figure,
        String unit,
        Kind kind,
        @Nullable Double before,
        @Nullable Double after,
        @Nullable Double noise,
        String note) {
    /** What can change. */
    public enum Kind {
        /** It is worse by more than the noise. */
        WORSE,
        /** It is better by more than the noise. */
        BETTER,
        /** It moved, and nothing says which way is worse. */
        MOVED,
        /** The baseline does not have it. */
        ONLY_HERE,
        /** Only the baseline has it. */
        ONLY_BEFORE,
        /** The two were measured differently. */
        NOT_COMPARABLE
    }

    /** Whether it is a regression. */
    public boolean worse() {
        return kind == Kind.WORSE;
    }
}
