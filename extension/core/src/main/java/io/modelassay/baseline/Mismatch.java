package io.modelassay.baseline;

import java.util.List;
import org.apiguardian.api.API;

/**
 * Why a model does not match its baseline, for a failure's text.
 *
 * @param count how many facts and figures differ, or conditions keep from comparing
 * @param found what was found, a sentence's end after "but"
 * @param lines what differs, one a line
 * @param provenance where the recorded and the present figures come from; may be empty
 * @param nextStep what to do about it
 */
@API(status = API.Status.INTERNAL)
public record Mismatch(int count, String found, List<String> lines, List<String> provenance, String nextStep) {
    static Mismatch of(String found, String nextStep) {
        return new Mismatch(1, found, List.of(), List.of(), nextStep);
    }
}
