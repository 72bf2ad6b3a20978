package io.modelassay.evaluation;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A figure that a check has held against a limit. Everything that somebody decides by stands in a member of its own; {@link
 * #limitText} and {@link Origin#toString} are for people.
 *
 * @param subject the model
 * @param found what was found
 * @param limit what it is held to; {@code null} where the figure is reported and not judged
 * @param holds whether it holds
 * @param origin text, tokens, device, compute type and engine
 */
@API(status = API.Status.EXPERIMENTAL)
public record Figure(
        Subject subject, Observation found, @Nullable Limit limit, boolean holds, Origin origin) {
    /** Checks that figure and limit are in one unit. */
    public Figure {
        if (limit != null && !limit.unit().equals(found.unit())) {
            throw new IllegalArgumentException(
                    "A figure in \"" + found.unit() + "\" has no limit in \"" + limit.unit() + "\"");
        }
    }

    /** {@code found} held to {@code limit}. */
    public static Figure judged(Subject subject, Observation found, Limit limit, Origin origin) {
        return new Figure(subject, found, limit, limit.holds(found.estimate().mean()), origin);
    }

    /** {@code found} without a limit: reported, not judged, but for NaN and infinities, which no healthy model has. */
    public static Figure reported(Subject subject, Observation found, Origin origin) {
        return new Figure(subject, found, null, Double.isFinite(found.estimate().mean()), origin);
    }

    /** Name of the check. */
    public String check() {
        return found.check();
    }

    /** The value, in {@link #unit}. */
    public double value() {
        return found.estimate().mean();
    }

    /** Its standard error, 0 where it has none. */
    public double standardError() {
        return found.estimate().standardError();
    }

    /** Unit of value, standard error and limit; may be empty. */
    public String unit() {
        return found.unit();
    }

    /** The limit as a person reads it, such as {@code at most 3.00}; empty where there is none. */
    public String limitText() {
        return limit == null
                ? ""
                : limit.direction().words() + " " + found.measure().written(limit.bound());
    }
}
