package io.modelassay.inspection;

import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.compatibility.AdapterPredictor.VersionRange;
import io.modelassay.compatibility.Effect;
import io.modelassay.compatibility.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What is worth saying of how versions of PEFT differ over an adapter. */
final class AdapterVersions {
    private AdapterVersions() {}

    /** Nothing of what is so in every version, which the other findings tell. */
    static List<Finding> findings(String adapter, List<VersionRange> ranges) {
        List<Finding> findings = new ArrayList<>();
        if (ranges.stream().noneMatch(range -> range.prediction().works())) {
            return findings;
        }
        List<VersionRange> idle = ranges.stream()
                .filter(range ->
                        range.prediction().effect().filter(Effect.NONE::equals).isPresent())
                .toList();
        if (!idle.isEmpty()) {
            boolean silent = idle.stream().anyMatch(range -> range.prediction().outcome() == Outcome.SILENT);
            findings.add(new Finding(
                    "adapter-version-without-effect",
                    Severity.WARNING,
                    adapter,
                    "PEFT " + spans(idle) + " loads the adapter and the base answers as if there were none"
                            + (silent ? ", without a word" : ", with a warning")
                            + "; it works in " + spans(working(ranges)),
                    "say which versions the adapter is for, or save it so that all of them find its keys"));
        }
        VersionRange newest = ranges.get(ranges.size() - 1);
        // Of keys that are missing the findings about keys say more.
        if (newest.prediction().works() && newest.prediction().kind().equals("unknown-config-key")) {
            findings.add(new Finding(
                    "adapter-version-warning",
                    Severity.INFO,
                    adapter,
                    "PEFT " + newest.span() + " loads the adapter with a warning: "
                            + newest.prediction().message(),
                    "remove what the warning names, if it is of no use"));
        }
        return findings;
    }

    private static List<VersionRange> working(List<VersionRange> ranges) {
        return ranges.stream().filter(range -> range.prediction().works()).toList();
    }

    private static String spans(List<VersionRange> ranges) {
        return ranges.stream().map(VersionRange::span).collect(Collectors.joining(", "));
    }
}
