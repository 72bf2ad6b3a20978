package io.modelassay.report;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Figures for a person: four significant digits, the standard error with as many decimals as the value. */
final class Numbers {
    private static final String NOT_FINITE = "not finite";

    private Numbers() {}

    static String of(@Nullable Double value) {
        return value == null || !Double.isFinite(value) ? NOT_FINITE : format(value, decimals(value));
    }

    /** Such as {@code 3.21 % ± 0.20 %}; without the error where there is none. */
    static String withError(@Nullable Double value, @Nullable Double error, String unit) {
        String suffix = unit.isEmpty() ? "" : " " + unit;
        if (value == null || !Double.isFinite(value)) {
            return NOT_FINITE;
        }
        if (error == null || !Double.isFinite(error) || error == 0) {
            return of(value) + suffix;
        }
        int decimals = Math.max(decimals(value), Math.min(6, (int) Math.ceil(-Math.log10(error)) + 1));
        return format(value, decimals) + suffix + " ± " + format(error, decimals) + suffix;
    }

    private static int decimals(double value) {
        double size = Math.abs(value);
        if (size == Math.rint(size) && size < 1e15) {
            return 0;
        }
        int digits = size == 0 ? 0 : (int) Math.floor(Math.log10(size));
        return Math.max(0, Math.min(6, 3 - digits));
    }

    private static String format(double value, int decimals) {
        return String.format(Locale.ROOT, "%,." + decimals + "f", value);
    }
}
