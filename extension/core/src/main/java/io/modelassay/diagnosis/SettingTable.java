package io.modelassay.diagnosis;

import io.modelassay.runtime.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * Which of the searched settings are clean: a row for each procedure and type, a column for each group size.
 *
 * @param heads headings
 * @param rows cells: the bits that are clean, {@code none}, or nothing where there is no such setting
 */
@API(status = API.Status.EXPERIMENTAL)
public record SettingTable(List<String> heads, List<List<String>> rows) {
    /** The table of {@code diagnosis}. */
    public static SettingTable of(Diagnosis diagnosis) {
        Map<Setting, List<String>> judged = diagnosis.settings();
        List<Integer> sizes = Procedure.searchedGroupSizes();
        List<String> heads = new ArrayList<>(List.of("method", "dtype"));
        sizes.forEach(size -> heads.add(Setting.extent(size)));
        List<List<String>> rows = new ArrayList<>();
        for (Procedure procedure : Procedure.values()) {
            for (DType dtype : Setting.DTYPES) {
                List<String> row =
                        new ArrayList<>(List.of(procedure.label(), dtype.name().toLowerCase(Locale.ROOT)));
                sizes.forEach(size -> row.add(cell(judged, procedure, dtype, size)));
                rows.add(row);
            }
        }
        return new SettingTable(heads, rows);
    }

    private static String cell(Map<Setting, List<String>> judged, Procedure procedure, DType dtype, int size) {
        if (!procedure.groupSizes().contains(size)) {
            return "";
        }
        String clean = procedure.bits().stream()
                .filter(bits -> judged.getOrDefault(new Setting(procedure, bits, size, dtype), List.of())
                        .isEmpty())
                .map(String::valueOf)
                .collect(Collectors.joining(" "));
        return clean.isEmpty() ? "none" : clean;
    }
}
