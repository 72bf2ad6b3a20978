package io.modelassay.compatibility;

import java.util.Locale;
import org.apiguardian.api.API;

/** What a loaded adapter does to the base. */
@API(status = API.Status.EXPERIMENTAL)
public enum Effect {
    /** Nothing: the base answers as if there were no adapter. */
    NONE,
    /** Not what its files say: something is dropped, missing, put over the base's weights or computed in another way. */
    PARTIAL,
    /** What its files say. */
    FULL,
    /** A NaN or an infinity among its values reaches the outputs. */
    NOT_FINITE;

    /** As JSON has it, such as {@code not-finite}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
