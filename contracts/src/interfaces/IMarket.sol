// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Bid } from "../types/Bid.sol";
import { Guarantee, Job, JobId, JobState, Kind, Quote, Rfp, Verdict } from "../types/Job.sol";

/// What a market demands of RFPs in one payment token. One slot; a token is allowed if and only if `minPrice` > 0.
struct TokenPolicy {
    uint128 minPrice;
    /// Utility-token base units of bond per 1e18 base units of price; includes the rate between the two tokens.
    uint128 bondRate;
}

/// A market's constants, in seconds, basis points and base units.
struct MarketParams {
    uint32 minBiddingTime;
    uint32 minRevealTime;
    uint32 minExecutionTimeout;
    uint32 minChallengeWindow;
    /// Upper bound of each of the four times.
    uint32 maxTime;
    /// For how long each runner-up has the first right to a reassignment before the next may take it.
    uint32 acceptTime;
    uint16 feeBps;
    uint128 minJobBond;
    address feeRecipient;
}

/// @title Market
/// @notice RFPs, bids, awards, and all the money. The functions stand in the order of a job's life.
interface IMarket {
    event RfpPosted(JobId indexed job, address indexed requester, bytes32 indexed modelId, Rfp rfp, string inputUri);
    event BidSealed(JobId indexed job, address indexed worker, bytes32 seal);
    event BidRevealed(JobId indexed job, address indexed worker, uint256 price, uint256 weight);
    event BidForfeited(JobId indexed job, address indexed worker, uint256 burned);
    event BidReleased(JobId indexed job, address indexed worker);
    event Awarded(JobId indexed job, address indexed worker, uint256 attempt, uint256 price, uint256 deadline);
    event AttemptMissed(
        JobId indexed job, address indexed worker, uint256 attempt, uint256 toRequester, uint256 burned
    );
    event Cancelled(JobId indexed job);
    event Expired(JobId indexed job);
    event Settled(
        JobId indexed job,
        address indexed worker,
        JobState state,
        uint256 toWorker,
        uint256 toRequester,
        uint256 fee,
        uint256 bondToChallenger,
        uint256 bondBurned
    );
    event Credited(address indexed account, address indexed token, uint256 amount);
    event DisputeBondLocked(address indexed account, uint256 amount);
    event DisputeBondPaid(address indexed account, uint256 amount);
    event DisputeBondBurned(uint256 amount);
    /// A credit that went into the escrow of a new job or a bond of a dispute.
    event CreditSpent(address indexed account, address indexed token, uint256 amount);
    event Withdrawn(address indexed account, address indexed token, uint256 amount);

    /// @notice Thrown when the caller isn't the one that this act belongs to.
    error NotAllowed(address caller, address expected);
    /// @notice Thrown when a job isn't in the state that the act needs.
    error WrongState(JobId job, JobState state);
    /// @notice Thrown when an act comes before its time.
    error TooEarly(uint256 nowAt, uint256 opensAt);
    /// @notice Thrown when an act comes after its time.
    error TooLate(uint256 nowAt, uint256 closedAt);
    /// @notice Thrown when the RFP is of the other kind.
    error WrongKind(Kind kind);
    /// @notice Thrown when the model has no critical step for the guarantee, or the RFP asks for none.
    error GuaranteeNotOffered(Guarantee guarantee);
    /// @notice Thrown when no model of this id is published.
    error UnknownModel(bytes32 modelId);
    /// @notice Thrown when a model without a canonical program is asked for on a public chain.
    error UndisputableModel(bytes32 modelId);
    /// @notice Thrown when the market doesn't take this token.
    error TokenNotAllowed(address token);
    error PriceTooLow(uint256 price, uint256 minimum);
    error PriceTooHigh(uint256 price, uint256 maximum);
    error BondTooLow(uint256 bond, uint256 minimum);
    error BadItemCount(uint256 itemCount, uint256 maximum);
    /// @notice Thrown when a time of an RFP is out of the market's bounds.
    error BadTime(uint256 time, uint256 minimum, uint256 maximum);
    error UriTooLong(uint256 length, uint256 limit);
    error TooManyBids(uint256 maximum);
    /// @notice Thrown when the worker has bid on this job already.
    error AlreadyBid(JobId job, address worker);
    /// @notice Thrown when a worker has no sealed bid, or what it reveals is not what it sealed.
    error BadReveal(JobId job, address worker);
    /// @notice Thrown when a worker's bid isn't in the state that the act needs.
    error WrongBid(JobId job, address worker);
    /// @notice Thrown when the list of bidders isn't every remaining revealed bid in strictly ascending order.
    error BadRanking(uint256 position);
    /// @notice Thrown when a quote names another job, worker or price than the RFP.
    error QuoteMismatch();
    /// @notice Thrown when a quote wasn't signed by its worker for this market on this chain.
    error BadQuoteSignature(address worker);
    /// @notice Thrown when a transfer moved another amount than it was told to.
    error TransferMismatch(address token, uint256 moved, uint256 expected);
    error NothingToWithdraw(address account, address token);
    /// @notice Thrown when a constructor argument is out of bounds.
    error BadParameter(string name);

    // Money that is not tied to a job

    /// @notice Deposits stake for the caller, in utility tokens.
    function stake(uint128 amount) external;

    /// @notice Pays the caller's unbonded stake out.
    function withdrawStake() external returns (uint256 amount);

    /// @notice Pays the caller's credit in `token` out.
    function withdraw(address token) external returns (uint256 amount);

    // The life of a job

    /// @notice Posts an auction RFP and takes its escrow: the requester's credit first, its wallet for the rest.
    function post(Rfp calldata rfp, string calldata inputUri) external returns (JobId job);

    /// @notice Withdraws an RFP that nobody has bid on.
    function cancel(Rfp calldata rfp) external;

    /// @notice Seals a bid and locks the job bond. `seal` is `sealOf(job, caller, price, salt)`.
    function bid(Rfp calldata rfp, bytes32 seal) external;

    function reveal(Rfp calldata rfp, uint128 price, bytes32 salt) external;

    /// @notice Burns the bond of a bid that was not revealed in time. Anybody may call.
    function forfeit(Rfp calldata rfp, address worker) external;

    /// @notice Awards to the best of `bidders`: all revealed bids in ascending order of score. Anybody may call. The
    /// bonds of the others are released.
    function award(Rfp calldata rfp, address[] calldata bidders) external;

    /// @notice Posts a quote RFP and awards it to the worker that signed the quote, in one transaction.
    function awardQuote(Rfp calldata rfp, Quote calldata quote, bytes calldata signature, string calldata inputUri)
        external
        returns (JobId job);

    /// @notice A runner-up takes a job over whose worker missed its deadline. `bidders` are all remaining bids in
    /// ascending order; the caller must be among them, at a rank whose turn has come.
    function reassign(Rfp calldata rfp, address[] calldata bidders) external;

    /// @notice Ends a job that nobody will do and refunds the requester: no valid bid, no award in time, or a missed
    /// deadline that no runner-up took over. Anybody may call.
    function expire(Rfp calldata rfp) external;

    /// @notice Releases the bond of a revealed bid on an RFP that expired without an award. Anybody may call.
    function releaseBid(Rfp calldata rfp, address worker) external;

    /// @notice Notes that the worker has committed its result, and returns the attempt. Only Results may call.
    function markCommitted(JobId job, address worker) external returns (uint256 attempt);

    /// @notice Moves a part of the working worker's job bond to the challenger of an item that is void, as credit. Only
    /// Results may call; it sees to it that settling gets the sum of these parts.
    function chargeVoid(JobId job, address challenger, uint128 amount) external;

    /// @notice Moves the money of a finished job by its verdict. Only Results may call.
    function settle(Rfp calldata rfp, Verdict calldata verdict) external;

    // Bonds of disputes, in utility tokens

    /// @notice Takes a bond in: from the account's credit first, from its wallet for the rest. Only Disputes may call, for
    /// accounts that called it.
    function lockDisputeBond(address account, uint128 amount) external;

    /// @notice Turns a part of what disputes hold into the account's credit. Only Disputes may call.
    function payDisputeBond(address account, uint128 amount) external;

    /// @notice Burns a part of what disputes hold. Only Disputes may call.
    function burnDisputeBond(uint128 amount) external;

    // Views

    function jobIdOf(Rfp calldata rfp) external view returns (JobId);

    function sealOf(JobId job, address worker, uint128 price, bytes32 salt) external view returns (bytes32);

    function quoteDigest(Quote calldata quote) external view returns (bytes32);

    function jobOf(JobId job) external view returns (Job memory);

    function bidOf(JobId job, address worker) external view returns (Bid memory);

    function creditOf(address account, address token) external view returns (uint256);

    function policyOf(address token) external view returns (TokenPolicy memory);

    function params() external view returns (MarketParams memory);

    function utilityToken() external view returns (address);

    /// @notice The disputes contract that Results names, zero if this deployment has none.
    function disputes() external view returns (address);

    /// @notice What disputes hold: all that was locked, less what was paid and burned.
    function disputeBonds() external view returns (uint256);
}
