package peers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.kie.api.KieBase;
import org.kie.api.io.ResourceType;
import org.kie.api.runtime.StatelessKieSession;
import org.kie.internal.utils.KieHelper;

/** Drools on the case: one rule a campaign, one stateless session a receipt; the greatest percentage wins. */
public final class Run {
    public static void main(String[] arguments) throws Exception {
        JsonNode read = new ObjectMapper().readTree(new File(arguments[0]));
        StringBuilder rules = new StringBuilder("package peers;\nimport peers.Line;\n");
        for (JsonNode campaign : read.get("campaigns")) {
            rules.append(String.format(
                "rule %s when $l : Line(brand == \"%s\", colour == \"%s\") then $l.offer(%d); end\n",
                campaign.get("id").asText(), campaign.get("brand").asText(), campaign.get("colour").asText(),
                campaign.get("percent").asInt()));
        }
        KieBase base = new KieHelper().addContent(rules.toString(), ResourceType.DRL).build();
        long discount = receipt(base, read);
        long warm = System.nanoTime() + 3_000_000_000L;
        while (System.nanoTime() < warm) {
            receipt(base, read);
        }
        double[] times = new double[5];
        for (int run = 0; run < times.length; run++) {
            long start = System.nanoTime();
            int count = 0;
            while (System.nanoTime() - start < 1_000_000_000L) {
                receipt(base, read);
                count++;
            }
            times[run] = (System.nanoTime() - start) / 1e3 / count;
        }
        Arrays.sort(times);
        System.out.printf("drools: %d campaigns, discount %d, %.1f us a receipt%n",
            read.get("campaigns").size(), discount, times[2]);
    }

    private static long receipt(KieBase base, JsonNode read) {
        List<Line> lines = new ArrayList<>();
        for (JsonNode line : read.get("lines")) {
            lines.add(new Line(line.get("brand").asText(), line.get("colour").asText(), line.get("amount").asLong()));
        }
        StatelessKieSession session = base.newStatelessKieSession();
        session.execute(lines);
        long discount = 0;
        for (Line line : lines) {
            discount += line.discount();
        }
        return discount;
    }
}
