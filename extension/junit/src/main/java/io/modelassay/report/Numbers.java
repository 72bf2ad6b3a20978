package io.modelassay.report;

import java.util.Locale;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Figures for a person: percentages with two decimals, others with four significant digits, or with as many decimals as
 * give the standard error two significant digits.
 */
@API(status = API.Status.INTERNAL)
public final class Numbers {
    private static final String NOT_FINITE = "not finite";
    private static final int MOST_DECIMALS = 6;

    private Numbers() {}

    /** Four significant digits. */
    public static String of(@Nullable Double value) {
        return value == null || !Double.isFinite(value) ? NOT_FINITE : format(value, decimals(value, 4));
    }

    public static String percent(@Nullable Double value) {
        return withError(value, null, "%");
    }

    /** Such as {@code 3.21 % ± 0.20 %}; without the error where there is none. */
    public static String withError(@Nullable Double value, @Nullable Double error, String unit) {
        if (value == null || !Double.isFinite(value)) {
            return NOT_FINITE;
        }
        boolean hasError = error != null && Double.isFinite(error) && error != 0;
        int decimals;
        if (unit.equals("%")) {
            decimals = Math.abs(value) < 1000 ? 2 : 0;
        } else if (hasError && error != null) {
            decimals = Math.max(decimals(value, 3), decimals(error, 2));
        } else {
            decimals = decimals(value, 4);
        }
        String suffix = unit.isEmpty() ? "" : " " + unit;
        return format(value, decimals)
                + suffix
                + (hasError && error != null ? " ± " + format(error, decimals) + suffix : "");
    }

    /** Decimals that show this many significant digits; none for a whole number. */
    private static int decimals(double value, int significant) {
        double size = Math.abs(value);
        if (size == Math.rint(size) && size < 1e15) {
            return 0;
        }
        int magnitude = (int) Math.floor(Math.log10(size));
        return Math.max(0, Math.min(MOST_DECIMALS, significant - 1 - magnitude));
    }

    private static String format(double value, int decimals) {
        return String.format(Locale.ROOT, "%,." + decimals + "f", value);
    }
}
