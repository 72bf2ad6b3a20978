package io.modelassay.baseline;

import java.math.BigDecimal;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How far a figure may lie from the recorded one: {@code 0.05}, in the figure's unit; {@code 2 %}, of the recorded value;
 * or both added, {@code 0.05 + 2 %}. Decimal arithmetic, so that the edge itself holds.
 */
record Tolerance(BigDecimal absolute, BigDecimal percent) {
    private static final Pattern FORM = Pattern.compile(
            "(?:(?<absolute>N)|(?:(?<both>N) \\+ )?(?<percent>N) %)".replace("N", "\\d{1,9}(?:\\.\\d{1,12})?"));

    /** @throws IllegalArgumentException for anything else */
    static Tolerance parse(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (!form.matches()) {
            throw new IllegalArgumentException("\"" + text + "\" is no tolerance; \"0.05\" is, in the figure's unit,"
                    + " \"2 %\" of what is recorded, and \"0.05 + 2 %\"");
        }
        return new Tolerance(
                number(form.group("absolute")).add(number(form.group("both"))), number(form.group("percent")));
    }

    private static BigDecimal number(@Nullable String digits) {
        return digits == null ? BigDecimal.ZERO : new BigDecimal(digits);
    }

    /** Whether {@code now} is near enough to {@code recorded}; what is not finite never is. */
    boolean allows(double recorded, double now) {
        if (!Double.isFinite(recorded) || !Double.isFinite(now)) {
            return false;
        }
        BigDecimal from = BigDecimal.valueOf(recorded);
        BigDecimal allowed = absolute.add(from.abs().multiply(percent).movePointLeft(2));
        return BigDecimal.valueOf(now).subtract(from).abs().compareTo(allowed) <= 0;
    }

    @Override
    public String toString() {
        boolean relative = percent.signum() != 0;
        boolean both = relative && absolute.signum() != 0;
        return (relative && !both ? "" : absolute.toPlainString())
                + (both ? " + " : "")
                + (relative ? percent.toPlainString() + " %" : "");
    }
}
