package io.modelassay.failure;

import org.apiguardian.api.API;

/** A number with its noun, as sentences and tables write it. */
@API(status = API.Status.INTERNAL)
public final class Counted {
    private Counted() {}

    /** {@code 1 token}, {@code 2 tokens}: of nouns whose plural adds an s. */
    public static String of(long count, String noun) {
        return count + " " + noun(count, noun);
    }

    /** The noun alone. */
    public static String noun(long count, String noun) {
        return count == 1 ? noun : noun + "s";
    }
}
