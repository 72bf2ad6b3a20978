package io.modelassay.matrix.result;

import io.modelassay.report.FigureLine.Measured;
import io.modelassay.report.FigureLine.Traced;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a figure was measured: figures of other settings are not comparable.
 *
 * @param dtype compute type; empty where it is not known
 * @param device where it ran; empty where it is not known
 * @param protocol of the windows; for a check what its provenance says besides, without the engine's version
 */
record Settings(String dtype, String device, String protocol) {
    private static final Pattern PLACE = Pattern.compile("device (\\w+), (\\w+), [^,]*");

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
        Matcher place = PLACE.matcher(check.provenance());
        return place.find()
                ? new Settings(place.group(2), place.group(1), place.replaceAll(""))
                : new Settings("", "", check.provenance());
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
