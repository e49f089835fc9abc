package peers;

/** A line of the receipt, and the greatest percentage that a rule gave it. */
public final class Line {
    private final String brand;
    private final String colour;
    private final long amount;
    private int percent;

    public Line(String brand, String colour, long amount) {
        this.brand = brand;
        this.colour = colour;
        this.amount = amount;
    }

    public String getBrand() { return brand; }

    public String getColour() { return colour; }

    public void offer(int offered) { percent = Math.max(percent, offered); }

    long discount() { return (amount * percent + 50) / 100; }
}
