package io.modelassay.matrix.result;

import io.modelassay.report.FigureLine.Measured;
import io.modelassay.report.FigureLine.Traced;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import io.modelassay.report.Results.MeasuredOn;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a figure was measured: figures of other settings are not comparable.
 *
 * @param dtype compute type; empty where it is not known
 * @param device where it ran; empty where it is not known
 * @param protocol of the windows; for a check also what it looked at, in the record's words
 */
record Settings(String dtype, String device, String protocol) {
    static Settings of(Measured figure) {
        return new Settings(figure.dtype(), figure.device(), figure.protocol());
    }

    static Settings of(Compared figure) {
        return new Settings(figure.dtype(), figure.device(), figure.protocol());
    }

    static Settings of(Traced trace) {
        return new Settings(trace.dtype(), trace.device(), "");
    }

    static Settings of(Check check) {
        MeasuredOn on = check.measuredOn();
        return on == null
                ? new Settings("", "", check.provenance()) // of an earlier version, which wrote no more
                : new Settings(orEmpty(on.dtype()), orEmpty(on.device()), on.measured());
    }

    private static String orEmpty(@Nullable String setting) {
        return setting == null ? "" : setting;
    }

    /** Such as {@code bf16 against fp32}: what {@code this} is, against what the baseline is. */
    String against(Settings baseline) {
        List<String> differences = new ArrayList<>();
        differ(differences, dtype, baseline.dtype);
        differ(differences, device, baseline.device);
        differ(differences, protocol, baseline.protocol);
        return String.join(", ", differences);
    }

    private static void differ(List<String> differences, String here, String there) {
        if (!here.equals(there)) {
            differences.add(orNothing(here) + " against " + orNothing(there));
        }
    }

    private static String orNothing(String setting) {
        return setting.isEmpty() ? "nothing" : setting;
    }
}
