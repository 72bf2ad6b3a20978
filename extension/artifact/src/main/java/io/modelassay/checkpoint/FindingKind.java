package io.modelassay.checkpoint;

import java.util.List;
import org.apiguardian.api.API;

/**
 * A kind of finding, as the reference explains it.
 *
 * @param id stable kebab-case name, the {@link Finding#id()} of its findings
 * @param severities how much its findings matter, worst first; more than one where the meaning says which
 * @param by the verb or the assertion that tells it
 * @param meaning what is wrong, one sentence without its full stop
 * @param cure what helps in most cases; a finding has its own, more exact next step
 */
@API(status = API.Status.EXPERIMENTAL)
public record FindingKind(String id, List<Finding.Severity> severities, String by, String meaning, String cure) {
    /** The severities are copied. */
    public FindingKind {
        severities = List.copyOf(severities);
    }
}
