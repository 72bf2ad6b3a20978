package io.modelassay.checkpoint;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.apiguardian.api.API;

/** The existing names most like a name that does not exist, by edit distance. */
@API(status = API.Status.INTERNAL)
public final class NearestNames {

    private static final int LONGEST = 200;

    private NearestNames() {}

    /** At most {@code most} of {@code existing}, the most similar first. */
    public static List<String> of(String wanted, Collection<String> existing, int most) {
        record Scored(String name, int distance) {}
        String clipped = clip(wanted);
        return existing.stream()
                .map(name -> new Scored(name, distance(clipped, clip(name))))
                .sorted(Comparator.comparingInt(Scored::distance).thenComparing(Scored::name))
                .limit(most)
                .map(Scored::name)
                .toList();
    }

    private static String clip(String name) {
        return name.length() <= LONGEST ? name : name.substring(0, LONGEST);
    }

    private static int distance(String one, String other) {
        int[] row = new int[other.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int substituted = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[other.length()];
    }
}
