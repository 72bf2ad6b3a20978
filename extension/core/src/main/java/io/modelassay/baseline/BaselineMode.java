package io.modelassay.baseline;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/** What a run does with baselines. */
@API(status = API.Status.EXPERIMENTAL)
public enum BaselineMode {
    /** Compares; a missing baseline is a failure. */
    VERIFY,
    /** Writes those that are missing, compares the others. */
    RECORD,
    /** Writes those that are missing, and anew those that differ. */
    UPDATE;

    static BaselineMode of(String name) {
        return Arrays.stream(values())
                .filter(mode -> mode.label().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(Baselines.MODE_PROPERTY + " = \"" + name
                        + "\" means nothing; it is "
                        + Arrays.stream(values())
                                .map(mode -> "\"" + mode.label() + "\"")
                                .collect(Collectors.joining(" or "))
                        + ", or not set"));
    }

    /** As it is written in configuration: {@code verify}, {@code record}, {@code update}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
