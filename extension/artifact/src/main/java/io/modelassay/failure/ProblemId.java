package io.modelassay.failure;

import java.io.Serializable;
import java.util.Locale;
import org.apiguardian.api.API;

/**
 * A kind of problem. Each part of the product lists its own in an enum beside the code that meets them. To add one, add a
 * constant there and its row to the reference; a test compares the two.
 */
@API(status = API.Status.EXPERIMENTAL)
public interface ProblemId extends Serializable {
    /** Name of the enum constant. */
    String name();

    /** Whose matter it is, what it means and what helps. */
    Explanation explanation();

    /** Stable kebab-case name, such as {@code truncated-file}. */
    default String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Whose matter it is. */
    default Audience audience() {
        return explanation().audience();
    }
}
